import com.sun.source.tree.*;
import com.sun.source.util.*;
import java.io.*;
import java.nio.file.*;
import java.util.*;
import java.util.stream.Stream;
import javax.lang.model.element.*;
import javax.tools.*;

/**
 * Prints what each name in sources of the JDK's java.base means, as javac has it: path, line and column from zero, the name, how it is used, the full
 * name of what it means, and how many parameters that has (-1 if it is not called). Locals, packages and what is declared in anonymous classes are left out.
 *
 * <pre>java Truth.java TREE/java.base java/util java/io … &gt; truth.tsv</pre>
 */
public class Truth {
    public static void main(String[] arguments) throws IOException {
        Path module = Path.of(arguments[0]).toRealPath();
        List<File> files = new ArrayList<>();
        for (String folder : List.of(arguments).subList(1, arguments.length)) {
            try (Stream<Path> below = Files.list(module.resolve(folder))) {
                below.filter(path -> path.toString().endsWith(".java")).sorted().map(Path::toFile).forEach(files::add);
            }
        }
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        StandardJavaFileManager manager = compiler.getStandardFileManager(null, null, null);
        List<String> options = List.of("--patch-module", "java.base=" + module, "-proc:none", "-nowarn");
        JavacTask task = (JavacTask) compiler.getTask(
                null, manager, problem -> {}, options, null, manager.getJavaFileObjectsFromFiles(files));
        Iterable<? extends CompilationUnitTree> units = task.parse();
        task.analyze();
        Trees trees = Trees.instance(task);
        for (CompilationUnitTree unit : units) {
            new Names(trees, unit).scan(unit, null);
        }
    }

    /** Goes through all names of a file. */
    private static class Names extends TreePathScanner<Void, Void> {
        private final Trees trees;
        private final CompilationUnitTree unit;
        private final String path;
        private final String text;

        Names(Trees trees, CompilationUnitTree unit) throws IOException {
            this.trees = trees;
            this.unit = unit;
            this.path = Path.of(unit.getSourceFile().toUri()).toString();
            this.text = unit.getSourceFile().getCharContent(true).toString();
        }

        @Override
        public Void visitIdentifier(IdentifierTree tree, Void nothing) {
            print(tree.getName().toString(), trees.getSourcePositions().getStartPosition(unit, tree), "alone");
            return super.visitIdentifier(tree, nothing);
        }

        @Override
        public Void visitMemberSelect(MemberSelectTree tree, Void nothing) {
            String name = tree.getIdentifier().toString();
            String before = tree.getExpression().toString();
            String use = switch (before) {
                case "this", "super" -> "of " + before;
                default -> before.matches("([a-z]\\w*\\.)*[A-Z]\\w*(\\.[A-Z]\\w*)*") ? "of a type" : "of a value or a package";
            };
            if (getCurrentPath().getParentPath().getLeaf() instanceof ImportTree) {
                use = "in an import";
            }
            print(name, trees.getSourcePositions().getEndPosition(unit, tree) - name.length(), use);
            return super.visitMemberSelect(tree, nothing);
        }

        private void print(String name, long start, String use) {
            Element element = trees.getElement(getCurrentPath());
            String kind = kind(element);
            String fullName = fullName(element);
            boolean isWritten = start >= 0 && text.startsWith(name, (int) start);
            if (kind == null || fullName == null || !isWritten || List.of("this", "super", "class", "length").contains(name)) {
                return;
            }
            int parameters = element instanceof ExecutableElement called ? called.getParameters().size() : -1;
            long line = unit.getLineMap().getLineNumber(start);
            long column = start - unit.getLineMap().getStartPosition(line);
            System.out.println(String.join("\t",
                    path, "" + (line - 1), "" + column, name, kind + " " + use, fullName, "" + parameters));
        }

        private static String kind(Element element) {
            return switch (element == null ? ElementKind.OTHER : element.getKind()) {
                case METHOD -> "method";
                case FIELD, ENUM_CONSTANT -> "field";
                case CLASS, INTERFACE, ENUM, RECORD, ANNOTATION_TYPE -> "type";
                default -> null;
            };
        }

        /** None of what is in an anonymous class. */
        private static String fullName(Element element) {
            if (element == null || element.getSimpleName().isEmpty()) {
                return null;
            }
            if (element.getEnclosingElement() instanceof PackageElement around) {
                return around.getQualifiedName() + "." + element.getSimpleName();
            }
            String around = fullName(element.getEnclosingElement());
            return element instanceof TypeElement || element.getEnclosingElement() instanceof TypeElement
                    ? around == null ? null : around + "." + element.getSimpleName()
                    : around;
        }
    }
}
