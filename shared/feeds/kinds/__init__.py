"""[p] What each kind of feed may be told: a module a kind, named as its connector is; nothing else lists them."""
