package org.ingestimage.processor;

import org.ingestimage.service.PictureRequest;

/**
 * What is done about one picture of a document.
 *
 * @param what of the possible things
 * @param request to the service, null when it is not asked
 */
record Decision(What what, PictureRequest request) {

    enum What {
        /** Its mark is believed: the target holds what the recipe made of this very picture. */
        LEAVE_ALONE,
        /** There is no picture, and nobody vouches for what the target says of one. */
        CLEAR_MARKS,
        /** The document says that there is no picture any more. */
        TAKE_AWAY,
        /** The mark is believed; the service is asked only for vectors, or other fields of a first picture, that are lacking. */
        COMPLETE,
        /** The service gets the picture. */
        PROCESS,
        /** The service gets the picture's address. */
        FETCH
    }

    static Decision without(What what) {
        return new Decision(what, null);
    }

    boolean completes() {
        return what == What.COMPLETE;
    }
}
