/* The end of an answer that was sent in chunks over a connection of TLS.
 *
 * libevent (2.1.12) calls what waits for a write a moment after it, once the events of the same pass
 * have had their turn. If evhttp_send_reply_end is called in that moment, the call meant for the
 * chunk before is taken for the end's: the connection turns to reading with the end unwritten, and
 * the client waits for it for ever. So a last chunk is sent first, and the end only once libevent has
 * made its call: none is pending then. Loop's thread. */
#ifndef VG_API_STREAM_END_H
#define VG_API_STREAM_END_H

#include <stddef.h>

struct evhttp_request;

/* Ends http (taken), whose answer was started with evhttp_send_reply_start, with bytes as its last
 * chunk (size > 0, copied); the connection goes on. What its close callback was is forgotten. A
 * client that goes meanwhile, or an evhttp that is freed, ends it as well. Without memory the
 * connection is closed. */
void vg_stream_end(struct evhttp_request *http, const void *bytes, size_t size);

#endif
