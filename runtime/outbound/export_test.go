package outbound

// Dialer is how a host is connected to, once its address is known.
var Dialer = dialer
