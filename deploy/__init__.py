"""How CityPulse is deployed: the local launcher, images, scripts and dashboards."""
