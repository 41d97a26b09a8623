"""What is measured on a prepared pair: settings, engines, and the catalogue of features."""
