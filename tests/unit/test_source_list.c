/* A list of sources: what is read, what is refused and where, and that no secret is ever told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants these before it */
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/media/source_list.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define BOM          "\xef\xbb\xbf"

static enum vg_status begin(struct vg_source_list *list, const char *text, struct vg_fault *fault)
{
    *fault = (struct vg_fault){.place = ""};
    return vg_source_list_begin(list, "l.csv", (const uint8_t *)text, strlen(text), fault);
}

static void rows_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text, *id, *url, *user, *password;
        enum vg_transport transport;
    } rows[] = {
        {"id,url,user,password,transport\ncam-1,rtsp://vms/1,u,p,tcp\n", "cam-1", "rtsp://vms/1",
         "u", "p", VG_TRANSPORT_TCP},
        {"transport,password,url,id\nudp,p,rtsp://vms/1,a\n", "a", "rtsp://vms/1", "", "p",
         VG_TRANSPORT_UDP},
        {"url\n\nrtsp://vms/1", "3", "rtsp://vms/1", "", "", VG_TRANSPORT_AUTO},
        {"url\nrtsp://vms/1?a=1;b=2\n", "2", "rtsp://vms/1?a=1;b=2", "", "", VG_TRANSPORT_AUTO},
        {BOM "id;url;password\r\nquai n\xc2\xb0 1;rtsp://vms/1;\"p;\"\"q\"\r\n", "quai n\xc2\xb0 1",
         "rtsp://vms/1", "", "p;\"q", VG_TRANSPORT_AUTO},
        {"\n\nid;url;password\n\xe2\x82\xac\xf0\x9f\x93\xb7;u;a,b\n",
         "\xe2\x82\xac\xf0\x9f\x93\xb7", "u", "", "a,b", VG_TRANSPORT_AUTO},
        {"id,url,transport\n,u,multicast\n", "2", "u", "", "", VG_TRANSPORT_MULTICAST},
        {"id,url,transport\n,u,auto\n", "2", "u", "", "", VG_TRANSPORT_AUTO},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct vg_source_list list;
        struct vg_source_row row;
        struct vg_fault fault;
        print_message("row %zu\n", i);
        assert_int_equal(begin(&list, rows[i].text, &fault), VG_OK);
        assert_int_equal(vg_source_list_next(&list, &row), VG_OK);
        assert_string_equal(row.id, rows[i].id);
        assert_string_equal(row.url, rows[i].url);
        assert_string_equal(row.user, rows[i].user);
        assert_string_equal(row.password, rows[i].password);
        assert_int_equal(row.transport, rows[i].transport);
        assert_int_equal(vg_source_list_next(&list, &row), VG_E_END);
    }
}

/* Each fault has its place; SECRET stands in fields of each, and never in a fault. */
static void faults_have_a_place_and_no_secret(void **state)
{
    (void)state;
    static const struct {
        const char *text, *what, *place;
        enum vg_status head; /* of the first line */
    } rows[] = {
        {"", "the list is empty", "l.csv", VG_E_INPUT},
        {"\n \n", "the list is empty", "l.csv", VG_E_INPUT},
        {"cam,rtsp://SECRET/1,SECRET\n", "this column is not known", "l.csv:1: 1", VG_E_INPUT},
        {"url,SECRET\n", "this column is not known", "l.csv:1: 2", VG_E_INPUT},
        {"url;user;url\n", "this column stands twice", "l.csv:1: 3", VG_E_INPUT},
        {"id,user\n", "the column url is missing", "l.csv:1", VG_E_INPUT},
        {"url,password\n\"SECRET,SECRET\n", "a quoted field does not end", "l.csv:2", VG_OK},
        {"url,password\nSECRET\n", "not as many columns as in the first line", "l.csv:2", VG_OK},
        {"url,password\nSECRET,SECRET,SECRET\n", "not as many columns as in the first line",
         "l.csv:2", VG_OK},
        {"url,password\n\n,SECRET\n", "the address is missing", "l.csv:3: url", VG_OK},
        {"url,password,transport\nSECRET,SECRET,SECRET\n", "not a transport", "l.csv:2: transport",
         VG_OK},
        {"id,url,password\na\x1b[2J,SECRET,SECRET\n", "this field cannot be shown", "l.csv:2: id",
         VG_OK},
        {"id,url\ncaf\xe9,SECRET\n", "this field cannot be shown", "l.csv:2: id", VG_OK},
        {"id,url\ncaf\xe9x,SECRET\n", "this field cannot be shown", "l.csv:2: id", VG_OK},
        {"id,url\n\xc0\xaf,SECRET\n", "this field cannot be shown", "l.csv:2: id", VG_OK},
        {"id,url\n\xc2\x9b,SECRET\n", "this field cannot be shown", "l.csv:2: id", VG_OK},
        {"id,url\n\xe0\x80\xaf,SECRET\n", "this field cannot be shown", "l.csv:2: id", VG_OK},
        {"id,url\n\xed\xa0\x80,SECRET\n", "this field cannot be shown", "l.csv:2: id", VG_OK},
        {"id,url\n\xf0\x80\x80\x80,SECRET\n", "this field cannot be shown", "l.csv:2: id", VG_OK},
        {"id,url\n\xf4\x90\x80\x80,SECRET\n", "this field cannot be shown", "l.csv:2: id", VG_OK},
        {"id,url\n\xf5\x80\x80\x80,SECRET\n", "this field cannot be shown", "l.csv:2: id", VG_OK},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct vg_source_list list;
        struct vg_source_row row;
        struct vg_fault fault;
        char told[1200];
        print_message("row %zu\n", i);
        enum vg_status status = begin(&list, rows[i].text, &fault);
        assert_int_equal(status, rows[i].head);
        if (!status)
            status = vg_source_list_next(&list, &row);
        assert_int_equal(status, VG_E_INPUT);
        assert_string_equal(fault.what, rows[i].what);
        assert_string_equal(fault.place, rows[i].place);
        vg_fault_text(&fault, told, sizeof told);
        assert_null(strstr(told, "SECRET"));
    }
}

/* Each field that is read has its room; one byte more is refused, with the name of the column. */
static void fields_have_their_room(void **state)
{
    (void)state;
    static const struct {
        const char *column;
        size_t room;
    } rows[] = {{"id", 127}, {"url", VG_SOURCE_URL_SIZE - 1}, {"user", 255}, {"password", 255}};
    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t over = 0; over < 2; over++) {
            char text[2 * VG_SOURCE_URL_SIZE], place[64];
            struct vg_source_list list;
            struct vg_source_row row;
            struct vg_fault fault;
            const bool url = strcmp(rows[i].column, "url") == 0;
            const int n = snprintf(text, sizeof text, "%s%s\n", rows[i].column, url ? "" : ",url");
            assert_true(n > 0);
            memset(text + n, 'x', rows[i].room + over);
            (void)snprintf(text + n + rows[i].room + over, 8, "%s", url ? "\n" : ",u\n");
            assert_int_equal(begin(&list, text, &fault), VG_OK);
            assert_int_equal(vg_source_list_next(&list, &row), over ? VG_E_INPUT : VG_OK);
            (void)snprintf(place, sizeof place, "l.csv:2: %s", rows[i].column);
            assert_string_equal(fault.place, over ? place : "");
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_read),
        cmocka_unit_test(faults_have_a_place_and_no_secret),
        cmocka_unit_test(fields_have_their_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
