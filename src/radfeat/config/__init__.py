"""The settings of a study: the rooms' own settings composed, read from YAML, emitted as JSON schema."""
