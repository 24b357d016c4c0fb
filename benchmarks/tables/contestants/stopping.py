"""When boosting stops. LightGBM and XGBoost have 100 rounds by default, which is few for most tables."""

MOST_ROUNDS = 1000  # CatBoost's own default, for all
ROUNDS_WITHOUT_GAIN = 50
