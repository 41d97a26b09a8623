"""Tables and sheets: their schemas, checked reading, atomic writing, and identity."""
