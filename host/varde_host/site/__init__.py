"""One municipality's keys and certificates, as a directory of files.

    site.json         the public halves, names and file names; written last: it marks a whole site
    collector.key     Ed25519, signs answers to hubs                            (PEM, PKCS #8)
    receiver.key      X25519, opens readings; belongs on the receiver's machine only
    trust-1.key, trust-2.key, assignment.key, service.key
                      Ed25519, sign a site's documents by role (`keys`); or in a token
    root-1.pem, .key  private root that signs the server certificate
    root-2.pem, .key  second root, pinned by hubs from the start, for the day the first is lost
    server.pem, .key  the collector's TLS certificate and key
    trust-epoch-1.cbor ...   what hubs were told to believe, signed (`trust_documents`)

All keys are readable by their owner only (0600), and under a passphrase but for those that the
collector starts with (`creation`). No key is ever written over; `site.json` alone is replaced,
in one step. docs/keys.md says who holds what, and what to do when one is lost.
"""
