"""Dispatch: commands to the CSPs and the channels they go through."""
