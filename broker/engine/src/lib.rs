//! MQTT sessions, subscriptions, retained messages and QoS; handles events into effects.
