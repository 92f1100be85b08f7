"""What an attacker tries, and what must hold; each test is a line of the platform's security list."""
