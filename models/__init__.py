"""How a model trains: the tensor side of Studyhall. Knows no Optuna and never imports `search`."""
