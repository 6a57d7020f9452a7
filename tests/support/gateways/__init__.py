"""Local servers that speak the providers' protocols, and what is tested against them."""
