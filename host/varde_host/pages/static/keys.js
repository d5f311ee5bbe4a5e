/* Keys, focus and live parts. The pages work without it: forms are forms, links are links. */
"use strict";
