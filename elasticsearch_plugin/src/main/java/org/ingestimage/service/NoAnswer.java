package org.ingestimage.service;

import java.io.IOException;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpTimeoutException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;

import org.ingestimage.common.Code;
import org.ingestimage.common.Failure;
import org.ingestimage.common.SafeText;
import org.ingestimage.memory.ResultMemory;

/** What it means when a call ends without an answer: the next attempt may succeed. */
final class NoAnswer {

    private static final int SHOWN = 200;

    private NoAnswer() {}

    /** Throws what is no failure of the connection: a defect, or an entitlement that is missing. */
    static Answer because(Throwable wrapped) throws Throwable {
        // Which the JDK wraps when it passes from one stage to the next.
        Throwable error = wrapped instanceof CompletionException && wrapped.getCause() != null ? wrapped.getCause() : wrapped;
        if (error instanceof BoundedBody.TooLong tooLong) {
            // What is no result of ours is an answer of something else, and another host may do better.
            return tooLong.isResult
                ? new Answer(null, new Failure(Code.RESULT_TOO_LARGE, error.getMessage()), null)
                : again(Code.SERVICE_BAD_ANSWER, error.getMessage());
        }
        if (error instanceof BoundedBody.NoRoom) {
            return new Answer(null, ResultMemory.noRoom(error.getMessage()), null);
        }
        if (error instanceof HttpTimeoutException && error instanceof HttpConnectTimeoutException == false) {
            return again(Code.SERVICE_TIMEOUT, "no answer in time");
        }
        if (error instanceof CancellationException) {
            return again(Code.SERVICE_UNAVAILABLE, "the service answers nothing, not even whether it lives (GET /healthz)");
        }
        if (error instanceof IOException) {
            return again(Code.SERVICE_UNAVAILABLE, SafeText.oneLine(described(error), SHOWN));
        }
        throw error;
    }

    private static Answer again(Code code, String reason) {
        return new Answer(null, null, new Failure(code, reason));
    }

    /** The JDK says what is wrong with a connection in the type of the exception, or of its cause, rather than in a message. */
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
