/* What a program prints as its watts, and a command line, any bytes. Never: watts that are negative, not
 * finite or beyond a megawatt; words outside of their room. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "src/energy/watts_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_words(const char *text, char *room, size_t size)
{
    char *words[VG_COMMAND_WORDS_MAX + 1];
    if (vg_command_split(text, room, size, words))
        return;
    int count = 0;
    size_t total = 0;
    for (; words[count]; count++) {
        if (words[count] < room || words[count] >= room + size)
            abort();
        total += strlen(words[count]) + 1;
    }
    if (count == 0 || count > VG_COMMAND_WORDS_MAX || total > size)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    double watts = -1;
    char *text = malloc(size + 1), *room = malloc(size + 1);
    if (!text || !room)
        abort();
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    if (!vg_watts_parse(text, size, &watts) && !(watts >= 0 && watts <= 1e6))
        abort();
    check_words(text, room, size + 1);
    free(text);
    free(room);
    return 0;
}
