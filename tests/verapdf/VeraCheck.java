import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.PDFAParser;
import org.verapdf.pdfa.PDFAValidator;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;
import org.verapdf.pdfa.results.ValidationResult;

/**
 * Checks files against flavours: VeraCheck ua1,2a FILE...
 * Prints one line for each rule that a file breaks, and "checked N" at the end, so that silence is never success.
 */
public class VeraCheck {
    private static final int FAILURES_KEPT_PER_RULE = 100;

    public static void main(String[] arguments) throws Exception {
        VeraGreenfieldFoundryProvider.initialise();
        int checked = 0;
        for (int i = 1; i < arguments.length; i++) {
            for (String flavour : arguments[0].split(",")) {
                check(Path.of(arguments[i]), PDFAFlavour.fromString(flavour));
                checked++;
            }
        }
        System.out.println("checked " + checked);
    }

    private static void check(Path file, PDFAFlavour flavour) throws Exception {
        if (flavour == PDFAFlavour.NO_FLAVOUR) {
            throw new IllegalArgumentException("unknown flavour");
        }
        try (var stream = Files.newInputStream(file);
                PDFAParser parser = Foundries.defaultInstance().createParser(stream, flavour);
                PDFAValidator validator = Foundries.defaultInstance()
                        .createValidator(flavour, FAILURES_KEPT_PER_RULE, false, false, false)) {
            ValidationResult result = validator.validate(parser);
            if (result.isCompliant()) {
                return;
            }
            Map<String, Integer> broken = new TreeMap<>();
            for (TestAssertion assertion : result.getTestAssertions()) {
                if (assertion.getStatus() == TestAssertion.Status.FAILED) {
                    var rule = assertion.getRuleId();
                    broken.merge(rule.getClause() + "-" + rule.getTestNumber() + " " + assertion.getMessage(), 1, Integer::sum);
                }
            }
            if (broken.isEmpty()) {
                broken.put("not compliant, no rule named", 1);
            }
            broken.forEach((rule, times) -> System.out.println(
                    "broken " + file.getFileName() + " " + flavour.getId() + ": " + times + " x " + rule));
        }
    }
}
