"""What is served of reports, beside and through optuna-dashboard. The live page has its own folder, live_page."""
