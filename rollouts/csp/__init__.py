"""The CSPs' side of the interface: alerts come in here."""
