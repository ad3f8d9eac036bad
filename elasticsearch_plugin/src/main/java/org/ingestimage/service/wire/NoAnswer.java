package org.ingestimage.service.wire;

import java.io.IOException;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpTimeoutException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;

import org.ingestimage.common.Code;
import org.ingestimage.common.Failure;
import org.ingestimage.common.SafeText;
import org.ingestimage.memory.ResultMemory;
import org.ingestimage.service.wire.Answer.Blame;

/** What it means when an attempt ends without an answer: mostly that the next one may succeed. */
public final class NoAnswer {

    private static final int SHOWN = 200;

    private NoAnswer() {}

    /** Throws everything that is not a failure of the connection: a defect, or a missing entitlement. */
    public static Answer because(Throwable wrapped) throws Throwable {
        // The JDK wraps it when it passes from one stage to the next.
        Throwable error = wrapped instanceof CompletionException && wrapped.getCause() != null ? wrapped.getCause() : wrapped;
        if (error instanceof BoundedBody.TooLong tooLong) {
            // If it is not a result of ours, something else answered, and another host may do better.
            return tooLong.isResult
                ? Answer.refused(new Failure(Code.RESULT_TOO_LARGE, error.getMessage()), Blame.LIMIT)
                : again(Code.SERVICE_BAD_ANSWER, error.getMessage());
        }
        if (error instanceof BoundedBody.NoRoom noRoom) {
            if (noRoom.isAnnounced == false) {
                // The service always says how long its answer is: something else answers, perhaps without an end.
                return again(Code.SERVICE_BAD_ANSWER, "an answer without [Content-Length] is longer than there is room for");
            }
            return Answer.refused(ResultMemory.noRoom(error.getMessage()), Blame.LIMIT);
        }
        if (error instanceof HttpTimeoutException && error instanceof HttpConnectTimeoutException == false) {
            return again(Code.SERVICE_TIMEOUT, "no answer in time");
        }
        if (error instanceof CancellationException) {
            return again(Code.SERVICE_UNAVAILABLE, "the service answers nothing, and does not say that its workers live (GET /readyz)");
        }
        if (error instanceof NumberFormatException) {
            // The JDK reads the length before we see the answer, and does not check it.
            return again(Code.SERVICE_BAD_ANSWER, "the [Content-Length] of the answer is no length");
        }
        if (error instanceof IOException) {
            return again(Code.SERVICE_UNAVAILABLE, SafeText.oneLine(described(error), SHOWN));
        }
        throw error;
    }

    private static Answer again(Code code, String reason) {
        return new Answer(null, null, new Failure(code, reason));
    }

    /** Types and message: the JDK often says only in the type of an exception, or of its cause, what is wrong. */
    private static String described(Throwable error) {
        StringBuilder text = new StringBuilder();
        for (Throwable each = error; each != null; each = each.getCause()) {
            text.append(text.length() == 0 ? "" : ", ").append(each.getClass().getSimpleName());
            if (each.getMessage() != null) {
                return text.append(": ").append(each.getMessage()).toString();
            }
        }
        return text.toString();
    }
}
