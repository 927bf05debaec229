/* libmodbus 3.1: Modbus TCP and RTU (LGPL-2.1-or-later, linked dynamically). */
#include <modbus/modbus.h>
