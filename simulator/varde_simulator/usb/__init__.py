"""A board on a USB cable: the serial port that real flashing and console tools believe."""
