"""The control room's pages: the alerts, one alert live, its report."""
