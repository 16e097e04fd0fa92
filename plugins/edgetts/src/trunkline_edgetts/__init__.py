"""Speech through the voices of Microsoft Edge, for Trunkline."""
