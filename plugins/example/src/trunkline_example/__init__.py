"""The adapter that Trunkline's tutorial builds."""
