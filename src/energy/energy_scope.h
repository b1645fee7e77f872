/* What part of a machine a figure of energy stands for. Figures of two scopes are never added: the
 * wall holds the board, the board holds package, memory and GPU. */
#ifndef VG_ENERGY_ENERGY_SCOPE_H
#define VG_ENERGY_ENERGY_SCOPE_H

enum vg_energy_scope {
    VG_ENERGY_PACKAGE, /* the processors, all their cores and what is inside them */
    VG_ENERGY_DRAM,    /* memory beside the processors */
    VG_ENERGY_GPU,     /* a graphics board, its memory and regulators with it */
    VG_ENERGY_BOARD,   /* the whole machine as its own electronics count it (BMC, platform zone) */
    VG_ENERGY_WALL,    /* the whole machine at its socket, losses of its power supply with it */
    VG_ENERGY_SCOPES
};

/* "package"; never NULL. Any thread. */
const char *vg_energy_scope_name(enum vg_energy_scope scope);
/* What it holds, a msgid; never NULL. */
const char *vg_energy_scope_text(enum vg_energy_scope scope);
/* VG_ENERGY_SCOPES: no such name. */
enum vg_energy_scope vg_energy_scope_of(const char *name);

#endif
