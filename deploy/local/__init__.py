"""The whole platform on one machine: embedded servers, a supervisor and a city simulator."""
