/* The commands of `vigie`: one file each, cmd_NAME.c. argv[0] is the command's name; the
 * result is the exit code (status.h). */
#ifndef VG_CLI_COMMANDS_H
#define VG_CLI_COMMANDS_H

int vg_cmd_serve(int argc, char **argv);
int vg_cmd_batch(int argc, char **argv);
int vg_cmd_score(int argc, char **argv);
int vg_cmd_bench(int argc, char **argv);
int vg_cmd_model(int argc, char **argv);
int vg_cmd_device(int argc, char **argv);
int vg_cmd_scene(int argc, char **argv);
int vg_cmd_probe(int argc, char **argv);
int vg_cmd_stop(int argc, char **argv);
int vg_cmd_resume(int argc, char **argv);
int vg_cmd_admin(int argc, char **argv);
int vg_cmd_child(int argc, char **argv); /* the server's own processes; not in the help */

#endif
