"""Ed25519, X25519, SHA-512, HKDF-SHA256 and AES-CCM with one interface on both interpreters."""
