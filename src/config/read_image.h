/* What services share with images. Only the readers of this room may include it. */
#ifndef CONFIG_READ_IMAGE_H
#define CONFIG_READ_IMAGE_H

#include "config/readers.h"

/* A name or a mapping; scope is SCOPE_image or SCOPE_service. False when there is no usable name.
 */
bool read_image_value(
	const struct frame *f, const struct node *n, enum scope scope, struct image *image);

#endif
