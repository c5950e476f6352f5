//! MQTT sockets: one thread per core, connections pinned, batches between cores.
