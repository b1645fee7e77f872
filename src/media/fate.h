/* Where a decoded picture ends: in exactly one of these. */
#ifndef VG_MEDIA_FATE_H
#define VG_MEDIA_FATE_H

/* ingest decides all but those marked as the scheduler's; who may count what: vg_slots_count in
 * src/media/slots.h. */
enum vg_fate {
    VG_FATE_ANALYSED, /* scheduler: it went through the net */
    VG_FATE_RATE,     /* decoded, but no picture was wanted at its arrival */
    VG_FATE_NEWEST,   /* a newer one took its place before anybody took it */
    VG_FATE_CORRUPT,  /* damaged, or after a damaged one and before the next key frame */
    VG_FATE_POOL,     /* wanted, but every slot of the flux was in use */
    VG_FATE_OVERLOAD, /* owed to its flux, but the device had no time for it */
    VG_FATE_STILL,    /* scheduler: nothing moved since the last one */
    VG_FATE_STOPPED,  /* the flux is stopped, or not authorised now; scheduler as well */
    VG_FATE_DECODER,  /* the decoder refused its packet, or it could not be converted */
    VG_FATE_SHUTDOWN, /* what worked on it ended first: its process; scheduler as well, or its device */
    VG_FATE_COUNT
};

/* The contract's word ("analysed"), static; never NULL. Pure, any thread. */
const char *vg_fate_name(enum vg_fate fate);

#endif
