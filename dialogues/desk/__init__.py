"""The staff's pages around a dialogue: what an admin form cannot do by itself."""
