"""What every request goes through: keys, idempotency, uploads, errors, logs.

All other rooms of ``api`` may import from here. This room knows no resource."""
