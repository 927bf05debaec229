/* libmosquitto 2.0: the client library of Eclipse Mosquitto (EPL-2.0 / EDL-1.0). */
#include <mosquitto.h>
#include <mqtt_protocol.h>
