/* An account of energy as the bench prints it:
 *
 *   { "status", "scope", "meter", "j_per_picture", "w_per_flux",
 *     "interval": { "j_per_picture": [low, high], "w_per_flux": [low, high], ... } or null,
 *     "gross_w", "idle_w", "net_w", "gross_j", "net_j", "net_j_per_picture", "net_w_per_flux",
 *     "kwh_per_day", "kwh_per_deployment", "days", "runs", "left_out", "covered",
 *     "idle_drift", "idle_drifts", "why", "assumption" }
 *
 * What is not known is null, never 0. The interval is that of 95 %, null with fewer than two runs. */
#ifndef VG_ENERGY_ACCOUNT_JSON_H
#define VG_ENERGY_ACCOUNT_JSON_H

#include <jansson.h>

#include "src/energy/account.h"

/* meter: its name, NULL: none. assumption: what an estimate stands on, else NULL. NULL: no memory.
 * Given. */
json_t *vg_energy_account_json(const struct vg_energy_account *account, const char *meter,
                               const struct vg_energy_assumption *assumption);

#endif
