"""A virtual 4G modem of the SIM7670G/A7670 family on a hub's UART. docs/modem.md describes it."""
