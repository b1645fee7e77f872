/* Runs a fuzz target over the files of the folders given, without a fuzzer: the seeds are an
 * ordinary test on every compiler. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return 0;
    static uint8_t buffer[1 << 22];
    const size_t n = fread(buffer, 1, sizeof buffer, f);
    (void)fclose(f);
    uint8_t *exact = malloc(n ? n : 1); /* its own block, so that ASan sees one byte too many */
    if (!exact)
        return 0;
    for (size_t i = 0; i < n; i++)
        exact[i] = buffer[i];
    (void)LLVMFuzzerTestOneInput(exact, n);
    free(exact);
    return 1;
}

int main(int argc, char **argv)
{
    int count = 0;
    for (int i = 1; i < argc; i++) {
        DIR *dir = opendir(argv[i]);
        if (!dir) {
            (void)fprintf(stderr, "replay: no folder %s\n", argv[i]);
            return 1;
        }
        for (struct dirent *e; (e = readdir(dir)) != NULL;) {
            char path[4096];
            if (e->d_name[0] == '.')
                continue;
            (void)snprintf(path, sizeof path, "%s/%s", argv[i], e->d_name);
            count += replay_file(path);
        }
        (void)closedir(dir);
    }
    (void)printf("replayed %d seeds\n", count);
    return count > 0 ? 0 : 1;
}
