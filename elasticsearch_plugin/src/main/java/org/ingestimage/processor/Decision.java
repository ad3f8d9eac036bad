package org.ingestimage.processor;

import org.ingestimage.service.wire.PictureRequest;

/**
 * What is done about one picture of a document.
 *
 * @param what of these
 * @param request to the service; null when it is not asked
 */
record Decision(What what, PictureRequest request) {

    enum What {
        /** Its mark is valid: the target holds what the recipe made of this very picture. */
        LEAVE_ALONE,
        /** There is no picture, and no signature for what the target says about one. */
        CLEAR_MARKS,
        /** The document says that the picture was removed. */
        TAKE_AWAY,
        /** Its mark is valid. The service is asked only for what is pending, missing vectors, or missing fields of a first picture. */
        COMPLETE,
        /** The service gets the picture. */
        PROCESS,
        /** The service gets the picture's address. */
        FETCH
    }

    static Decision without(What what) {
        return new Decision(what, null);
    }

    /** Whether the picture that is there was made by the recipe, and stays. */
    boolean keepsPicture() {
        return what == What.COMPLETE || what == What.LEAVE_ALONE;
    }

    boolean completes() {
        return what == What.COMPLETE;
    }
}
