/* The handlers that the route table names. What each does stands there in one line. */
#ifndef VG_API_HANDLERS_H
#define VG_API_HANDLERS_H

#include "api/routes.h"

vg_handler vg_on_sign_in, vg_on_sign_out;
vg_handler vg_on_flux_list, vg_on_flux_get, vg_on_flux_create, vg_on_flux_change, vg_on_flux_delete;
vg_handler vg_on_flux_activate, vg_on_flux_state, vg_on_flux_coverage, vg_on_flux_heat;
vg_handler vg_on_measures, vg_on_admission;
vg_handler vg_on_view_get, vg_on_view_confirm;
vg_handler vg_on_site_get, vg_on_site_put;
vg_handler vg_on_scene_get, vg_on_scene_put;
vg_handler vg_on_alert_list, vg_on_alert_get, vg_on_alert_picture, vg_on_alert_clip, vg_on_verdict;
vg_handler vg_on_stream, vg_on_live;
vg_handler vg_on_stop_get, vg_on_stop_put, vg_on_authorisation_get, vg_on_authorisation_put;
vg_handler vg_on_metrics;

/* Not of the table: the accounts as they are now, for the sessions. body: an array of
 * struct vg_account, size bytes. */
vg_handler vg_on_accounts;

/* Not of the table: writes the configuration's version to the Redis key vigie:config and to the
 * channel of that name, for others who watch it. Nothing of ours depends on it: a number that is
 * lost with Redis away is made good by the next. */
vg_handler vg_on_config_tell;

#endif
