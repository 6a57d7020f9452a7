"""The failover run: a cluster whose leader is killed, changed and cut off, and the same proof."""
