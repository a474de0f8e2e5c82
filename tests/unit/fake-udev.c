/* SPDX-License-Identifier: Apache-2.0 */
#include "fake-udev.h"

#include "unit.h"

#include <libudev.h>

const struct healing fake_host_heals = {.armed = true};
const struct healing fake_host_without_rule = {
	.why.text = "the rule is missing",
	.fix.s = "install it",
};

struct fake_udev fake_udev = {.cookie = "6302301"};

__typeof__(udev_new) __wrap_udev_new;
__typeof__(udev_unref) __wrap_udev_unref;
__typeof__(udev_device_new_from_devnum) __wrap_udev_device_new_from_devnum;
__typeof__(udev_device_unref) __wrap_udev_device_unref;
__typeof__(udev_device_get_is_initialized) __wrap_udev_device_get_is_initialized;
__typeof__(udev_device_get_property_value) __wrap_udev_device_get_property_value;

void fake_udev_heals(void)
{
	fake_udev = (struct fake_udev){.cookie = "6302301"};
}

struct udev *__wrap_udev_new(void)
{
	return (struct udev *)&fake_udev;
}

struct udev *__wrap_udev_unref(struct udev *udev)
{
	(void)udev;
	return NULL;
}

struct udev_device *__wrap_udev_device_new_from_devnum(struct udev *udev, char type, dev_t dev)
{
	(void)dev;
	assert_ptr_equal(udev, &fake_udev);
	assert_int_equal(type, 'b');
	fake_udev.lookups++;
	return fake_udev.missing ? NULL : (struct udev_device *)&fake_udev;
}

struct udev_device *__wrap_udev_device_unref(struct udev_device *device)
{
	(void)device;
	return NULL;
}

int __wrap_udev_device_get_is_initialized(struct udev_device *device)
{
	(void)device;
	return !fake_udev.uninitialized;
}

const char *__wrap_udev_device_get_property_value(struct udev_device *device, const char *key)
{
	(void)device;
	if (strcmp(key, "DM_NAME") == 0)
		return fake_udev.dm_name;
	assert_string_equal(key, "OCI_THIN_GROW_COOKIE");
	return fake_udev.cookie;
}
