/* How a call ended: the one enum that everything which can fail returns. */
#ifndef VG_BASE_STATUS_H
#define VG_BASE_STATUS_H

enum vg_status {
    VG_OK = 0,
    VG_E_MEMORY = -1,      /* no memory */
    VG_E_CALL = -2,        /* wrong call: an option, an argument, a path of the API */
    VG_E_INPUT = -3,       /* an input was refused: file, scene, model, clip, body */
    VG_E_LACK = -4,        /* the machine lacks something: device, port, disk, package */
    VG_E_INTEGRITY = -5,   /* a hash, a checksum or a chain does not hold */
    VG_E_IO = -6,          /* reading or writing failed while working */
    VG_E_FULL = -7,        /* a bound was reached */
    VG_E_END = -8,         /* the source is at its end */
    VG_E_TIMEOUT = -9,     /* a deadline passed */
    VG_E_CLOSED = -10,     /* the other side closed */
    VG_E_MISSING = -11,    /* what was named is not there */
    VG_E_EXISTS = -12,     /* what should be made is there already */
    VG_E_STATE = -13,      /* not in this state */
    VG_E_DENIED = -14,     /* not permitted */
    VG_E_DEVICE = -15,     /* the OpenCL device or its driver failed */
    VG_E_INTERRUPTED = -16 /* a person or a signal asked to stop */
};

/* Short stable English name, such as "input"; never NULL. Any thread. */
const char *vg_status_name(enum vg_status status);

/* One sentence for a person, an untranslated msgid; never NULL. Any thread. */
const char *vg_status_text(enum vg_status status);

/* What helps in general, an untranslated msgid; NULL: nothing does. Any thread. */
const char *vg_status_remedy(enum vg_status status);

/* The exit code of docs: 0 done, 1 while working, 2 wrong call, 3 input refused, 4 the machine
 * lacks something, 5 integrity, 130 interrupted. */
int vg_status_exit(enum vg_status status);

#endif
