/* For tests of what the API tells of a data folder: a server on what the test has written there, and
 * one who is signed in and asks; each answer must be one that the API's description promises. */
#ifndef VG_TESTS_API_READER_H
#define VG_TESTS_API_READER_H

#include "tests/unit/api_client.h"
#include "tests/unit/openapi_check.h"

struct api_reader {
    struct server server;
    struct client client;
    json_t *described;
};

/* For a group's set-up. write: puts into the data folder what there is to tell; described: the
 * API's description, taken. */
static inline int api_reader_start(void **out, void (*write)(const char *data), json_t *described)
{
    struct api_reader *reader = calloc(1, sizeof *reader);
    assert_non_null(reader);
    *out = reader;
    server_prepare(&reader->server);
    write(reader->server.data);
    server_start(&reader->server);
    reader->described = described;
    client_open(&reader->client, reader->server.port);
    client_sign_in(&reader->client, "op");
    return 0;
}

static inline int api_reader_stop(void **out)
{
    struct api_reader *reader = *out;
    client_close(&reader->client);
    json_decref(reader->described);
    server_stop(&reader->server);
    server_remove(&reader->server);
    free(reader);
    return 0;
}

/* The answer to a GET, which must have that code; given. */
static inline json_t *api_reader_ask(struct api_reader *reader, const char *path, int code)
{
    struct answer answer = client_call(&reader->client, "GET", path, NULL, NULL);
    if (answer.code != code)
        fail_msg("%s: %d %s", path, answer.code, answer.body);
    openapi_check(reader->described, "GET", path, &answer);
    json_t *root = answer_json(&answer);
    answer_free(&answer);
    return root;
}

#endif
