/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The name of the image that podman's container in this bundle was made from, to be freed; NULL if
 * that cannot be told. The bundle is <root>/<driver>-containers/<id>/userdata, and beside the ids
 * is the index that names the images.
 */
char *storage_image(const char *bundle);
