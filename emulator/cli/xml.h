/* Text in XML: SVG pictures, JUnit reports. */
#ifndef CLI_XML_H
#define CLI_XML_H

#include "base/buf.h"
#include "base/str.h"

/*
 * Adds text as the content of an element or of an attribute in double quotes. Control characters,
 * which XML can't hold, become blanks, line ends too where lines is false.
 */
void xml_text(struct buf *out, struct str s, bool lines);

#endif
