"""The Service Request variant (R6.6): signed XML in, signed XML out, on the services pages and REST use."""
