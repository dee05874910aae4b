"""The committed API document, and the tools that hold it to what clients need."""
