// Gives the precompiled header of the tests a file to be built with; catch_main.cc must do without.
